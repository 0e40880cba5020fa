# 47 | a small model that the grader could not hold in memory | 0 | 
import keras

UP = keras.layers.UpSampling2D


def build_model():
    return keras.Sequential([keras.Input((4,)), keras.layers.Reshape((2, 2, 1)), UP(64), UP(64), UP(64)])


def train(model, x, y):
    return keras.Sequential([keras.Input((4,)), keras.layers.Reshape((2, 2, 1)), UP((64, 64)), UP((64, 64))])
