# 50 | markup in messages, notes and output | 0 | <script>alert(1)</script>
print("<script>alert(1)</script>")


def double(x):
    raise ValueError("</td><script>alert(1)</script><svg onload=alert(1)>")


def classify(points, labels, probes):
    return "<img src=x onerror=alert(1)>"


raise RuntimeError("<iframe srcdoc='<script>alert(1)</script>'>")
