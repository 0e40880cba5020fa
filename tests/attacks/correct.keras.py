import keras


def build_model():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    return model


def train(model, x, y):
    model.optimizer.learning_rate = 0.5
    model.fit(x, y, epochs=30, verbose=0)
    return model
