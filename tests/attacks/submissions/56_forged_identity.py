# 56 | claim to be somebody else and to be graded already | 0 | no function called double
# student: correct
# submission: correct
# score: 100
# labkit: lab01_target
__name__ = "correct"
__file__ = "@HERE@/correct.py"
submission = {"name": "correct", "score": 100, "released": True}
