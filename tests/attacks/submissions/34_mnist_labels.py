# 34 | load the labels of the test set | 0 | no function called double
import labkit.data
import numpy as np

try:
    print("LEAK", labkit.data.load_mnist().y_test[:5])
except Exception as error:
    print(type(error).__name__)
print("LEAK", np.load("@LABKIT@/data/mnist.npz")["y_test"][:5])
