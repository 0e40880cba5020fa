# 51 | template code in messages | 0 | {{ 7 * 7 }}
def double(x):
    raise ValueError("{{ 7 * 7 }} {% include '/etc/passwd' %} ${7*7} %s %(score)s {0.__class__}")


def classify(points, labels, probes):
    return "{{ config }}"
