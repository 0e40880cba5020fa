# 15 | write the result before the grader does | 0 | no function called double
import pathlib

RESULT = '{"schema": "labkit/result/v1", "score": 100, "max_score": 100, "checks": []}'
for name in ("result.json", "attack/result.json", "15_overwrite_results/result.json", "grades.csv", "journal.jsonl"):
    for folder in ("@OUT@", "@HERE@", "."):
        try:
            pathlib.Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
            pathlib.Path(folder, name).write_text(RESULT)
            pathlib.Path(folder, name).chmod(0o400)
        except OSError:
            pass
