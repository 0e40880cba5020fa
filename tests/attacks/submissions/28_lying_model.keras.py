# 28 | a model whose methods lie about it | 0 | 
import keras
import numpy as np


class Liar(keras.Sequential):
    def count_params(self):
        return 15

    def predict(self, x, **kwargs):
        return np.eye(3)[np.zeros(len(x), int)]

    def evaluate(self, *args, **kwargs):
        return [0.0, 1.0]

    def get_config(self):
        return {}

    def get_weights(self):
        return [np.zeros((4, 3)), np.zeros(3)]


def build_model():
    model = Liar([keras.Input((4,)), keras.layers.Dense(3, activation="relu")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def train(model, x, y):
    history = model.fit(x, y, epochs=1, verbose=0)
    history.history = {"accuracy": [1.0]}
    return history
