"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const body = $("table").tBodies[0], heads = [...$("table").tHead.rows[0].cells];
  const STEP = data.rows.length > 300 ? 10 : 100;
  const fields = ["name", "id", "section", "score", "raw", "late", "strip", "mistakes"].filter((f) => f !== "section" || data.by);
  const rows = data.rows.map((r) => ({name: r[0], id: r[1], section: r[2], part: r[3], late: r[4], strip: r[5], score: r[6], raw: r[7], href: r[8], mistakes: r[9].map((m) => data.mistakes[m]).join(", ")}));
  for (const row of rows) row.text = [row.name, row.id, row.section, row.mistakes].join("\n").toLowerCase();
  let shown = STEP, state = {};
  const add = (parent, tag, text, kind) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    parent.append(made);
    return made;
  };
  const strip = (cell, letters) => {
    const code = add(cell, "code", undefined, "strip");
    let at = 0;
    const spaced = data.parts.map((size) => letters.slice(at, at += size)).join(" ");
    for (const run of spaced.match(/(.)\1*/g) || []) {
      const kind = {F: "failed", E: "error"}[run[0]];
      if (kind) add(code, "span", run, kind); else code.append(run);
    }
  };
  const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a ?? "").localeCompare(String(b ?? ""));
  const render = () => {
    const words = (state.q || "").toLowerCase();
    let found = rows.filter((r) => (!words || r.text.includes(words)) && (!state.c || !state.v || r.strip[state.c] === state.v));
    if (state.s) {
      const key = state.s.replace("-", ""), sign = state.s[0] === "-" ? -1 : 1;
      found = [...found].sort((a, b) => sign * compare(a[key], b[key]));
    }
    body.replaceChildren();
    for (const r of found.slice(0, shown)) {
      const tr = add(body, "tr"), head = add(tr, "th");
      head.scope = "row";
      if (r.href) add(head, "a", r.name).href = r.href; else head.textContent = r.name;
      if (r.part !== "counted") { head.append(" "); add(head, "small", r.part); }
      for (const f of fields.slice(1)) {
        const numeric = typeof r[f] === "number" || f === "late";
        const td = add(tr, "td", f === "strip" ? undefined : r[f] ?? "", numeric ? "n" : "");
        if (f === "strip") strip(td, r.strip);
      }
    }
    $("found").textContent = `${found.length} / ${rows.length}`;
    $("more").hidden = found.length <= shown;
    heads.forEach((head, i) => {
      const f = fields[i];
      if (state.s === f || state.s === "-" + f) head.setAttribute("aria-sort", state.s === f ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    for (const key of ["q", "c", "v"]) if ($(key).value !== (state[key] || "")) $(key).value = state[key] || "";
  };
  const save = () => {
    const kept = new URLSearchParams(Object.entries(state).filter(([, value]) => value));
    history.replaceState(null, "", String(kept) ? "#s?" + kept : location.pathname + location.search);
    shown = STEP;
    render();
  };
  const load = (jump) => {
    if (!location.hash.startsWith("#s?")) return;
    state = Object.fromEntries(new URLSearchParams(location.hash.slice(3)));
    shown = STEP;
    render();
    if (jump) { $("students").scrollIntoView(); $("q").focus({preventScroll: true}); }
  };
  const sortable = (head, act) => {
    const text = head.textContent;
    head.textContent = "";
    const button = add(head, "button", text, "sort");
    button.type = "button";
    button.onclick = act;
  };
  data.checks.forEach((label, at) => { const option = add($("c"), "option", label); option.value = at; });
  heads.forEach((head, i) => sortable(head, () => { state.s = state.s === fields[i] ? "-" + fields[i] : fields[i]; save(); }));
  for (const key of ["q", "c", "v"]) $(key).addEventListener("input", () => { state[key] = $(key).value; save(); });
  $("find").onsubmit = () => false;
  $("find").hidden = false;
  $("more").onclick = () => { shown += 100; render(); };
  const items = $("items"), columns = [...items.tHead.rows[0].cells];
  columns.forEach((head, i) => sortable(head, () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    columns.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => row.cells[i].dataset.k === "" ? Infinity : (down ? -1 : 1) * Number(row.cells[i].dataset.k);
    items.tBodies[0].append(...[...items.tBodies[0].rows].sort((a, b) => key(a) - key(b)));
  }));
  addEventListener("hashchange", () => load(true));
  render();
  load(true);
})();
