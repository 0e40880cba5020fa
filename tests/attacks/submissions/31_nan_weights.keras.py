# 31 | a trained model with weights that are not numbers, or far too many of them | 0 | 
import keras
import numpy as np


def build_model():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu")])
    model.set_weights([np.full((4, 3), np.nan), np.full(3, np.nan)])
    return model


def train(model, x, y):
    model.set_weights([np.full((4, 3), np.inf), np.full(3, np.nan)])
    return model
