// Opens pages in a real Chromium and says what is seen: `node look.mjs CHROMIUM < views.json > seen.json`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import puppeteer from "puppeteer-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const views = JSON.parse(readFileSync(0, "utf8"));
const browser = await puppeteer.launch({
  executablePath: process.argv[2],
  protocolTimeout: 300_000,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--allow-file-access-from-files"],
});
const seen = [];
for (const view of views) {
  const page = await browser.newPage();
  const client = await page.createCDPSession();
  const requests = [], dialogs = [], errors = [];
  page.on("request", (request) => { if (!request.isNavigationRequest() && !request.url().startsWith("data:")) requests.push(request.url()); });
  page.on("dialog", async (dialog) => { dialogs.push(dialog.message()); await dialog.dismiss(); });
  page.on("console", (message) => { if (message.type() === "error") errors.push(message.text()); });
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.setViewport({ width: view.width ?? 1400, height: 900, deviceScaleFactor: view.scale ?? 1 });
  if (view.script === false) await page.setJavaScriptEnabled(false);
  await client.send("Emulation.setEmulatedMedia", {
    media: view.media ?? "screen",
    features: [
      { name: "prefers-color-scheme", value: view.scheme ?? "light" },
      { name: "forced-colors", value: view.forced ? "active" : "none" },
      { name: "prefers-reduced-motion", value: "reduce" },
    ],
  });
  const begun = performance.now();
  await page.goto(view.url, { waitUntil: "load" });
  if (view.script !== false) await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  const one = { shown: performance.now() - begun, nodes: await page.evaluate(() => document.querySelectorAll("*").length) };
  one.wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (view.focus) await page.focus(view.focus);
  if (view.keys) for (const key of view.keys) await page.keyboard.press(key);
  if (view.ask) one.answer = await page.evaluate(view.ask);
  if (view.axe) {
    await page.evaluate(axe);
    const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    one.violations = found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.failureSummary} ${node.html.slice(0, 200)}`));
  }
  if (view.shot) await page.screenshot({ path: view.shot, fullPage: view.full ?? false });
  seen.push({ ...one, requests, dialogs, errors });
  await page.close();
}
await browser.close();
process.stdout.write(JSON.stringify(seen));
