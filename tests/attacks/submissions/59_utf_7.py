# 59 | code inside a comment by way of another encoding | 0 | no function called double
# coding: utf-7
# +AAo-def double(x):+AAo-    return 2 * x+AAo-open('@OUT@/labkit-attack', 'w')
# -*- coding: raw_unicode_escape -*-
# \u000adef double(x): return 2 * x
