"""Correct answers written differently: each must get full marks."""

import keras
import numpy as np
from lab import training_cost

from labkit.check import variant

# --- 3.1 ------------------------------------------------------------------------------------------------------


@variant("3.1")
def layer_by_layer(layer_sizes, bias=True):
    total = 0
    for i in range(1, len(layer_sizes)):
        total += layer_sizes[i - 1] * layer_sizes[i]
        if bias:
            total += layer_sizes[i]
    return total


@variant("3.1")
def dot_product(layer_sizes, bias=True):
    sizes = np.array(layer_sizes)
    return sizes[:-1] @ sizes[1:] + bias * sizes[1:].sum()


@variant("3.1")
def shapes_of_arrays(layer_sizes, bias=True):
    weights = [(a, b) for a, b in zip(layer_sizes, layer_sizes[1:], strict=False)]
    biases = [(b,) for b in layer_sizes[1:]] if bias else []
    return int(sum(np.prod(shape) for shape in weights + biases))


@variant("3.1")
def ask_keras(layer_sizes, bias=True):
    model = keras.Sequential([keras.Input((layer_sizes[0],))])
    for units in layer_sizes[1:]:
        model.add(keras.layers.Dense(units, use_bias=bias))
    return model.count_params()


# --- 3.2 ------------------------------------------------------------------------------------------------------


@variant("3.2")
def with_scikit_learn(x, y, fraction, seed):
    from sklearn.model_selection import train_test_split

    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=fraction, random_state=seed, stratify=y)
    return x_train, y_train, x_val, y_val


@variant("3.2")
def shuffled_then_class_by_class(x, y, fraction, seed):
    order = np.random.RandomState(seed).permutation(len(x))
    x, y = x[order], y[order]
    validation, training = [], []
    for label in set(y.tolist()):
        rows = np.where(y == label)[0]
        count = int(fraction * len(rows) + 0.5)
        validation.append(rows[:count])
        training.append(rows[count:])
    training, validation = np.concatenate(training), np.concatenate(validation)
    return x[training], y[training], x[validation], y[validation]


@variant("3.2")
def with_global_generator(x, y, fraction, seed):
    np.random.seed(seed)
    chosen = []
    for label in range(int(y.max()) + 1):
        rows = np.flatnonzero(y == label)
        chosen.extend(np.random.choice(rows, size=int(np.floor(fraction * len(rows))), replace=False))
    rest = np.setdiff1d(np.arange(len(y)), chosen)
    return [x[rest], y[rest], x[chosen], y[chosen]]


@variant("3.2")
def smallest_random_keys(x, y, fraction, seed):
    keys = np.random.default_rng([seed, 1]).random(len(y))
    rank = np.empty(len(y), int)
    for label in np.unique(y):
        members = np.flatnonzero(y == label)
        rank[members[np.argsort(keys[members])]] = np.arange(len(members))
    inside = rank < np.rint(fraction * np.bincount(y.astype(int))[y.astype(int)])
    return x[~inside], y[~inside], x[inside], y[inside]


# --- 3.3 ------------------------------------------------------------------------------------------------------


@variant("3.3")
def activations_as_layers(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    model = keras.Sequential()
    model.add(keras.Input(shape=(28, 28)))
    model.add(keras.layers.Reshape((784,)))
    for units in hidden:
        model.add(keras.layers.Dense(units))
        model.add(keras.layers.Activation(activation))
        model.add(keras.layers.Dropout(rate=dropout))
    model.add(keras.layers.Dense(num_classes))
    model.add(keras.layers.Softmax())
    model.compile("rmsprop", keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    return model


@variant("3.3")
def logits_and_blocks(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    def block(units):
        return keras.Sequential([keras.layers.Dense(units, activation), keras.layers.Dropout(dropout)])

    model = keras.Sequential(
        [keras.Input((28, 28)), keras.layers.Flatten(), *map(block, hidden), keras.layers.Dense(num_classes)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss=loss, metrics=["accuracy"])
    return model


@variant("3.3")
def as_on_the_slides(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    model = keras.models.Sequential()
    model.add(keras.layers.Flatten(input_shape=(28, 28), name="pixels"))
    for number, units in enumerate(hidden):
        model.add(
            keras.layers.Dense(units, activation=getattr(keras.activations, activation), name=f"h{number}")
        )
        if dropout > 0:
            model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(num_classes, activation=keras.activations.softmax))
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.Nadam(),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
    )
    return model


# --- 3.4 ------------------------------------------------------------------------------------------------------


@variant("3.4")
def with_keywords(model, x_train, y_train, x_val, y_val, epochs=10, batch_size=128, patience=3):
    callback = keras.callbacks.EarlyStopping(
        monitor="val_loss", mode="min", min_delta=0, patience=patience, restore_best_weights=True, verbose=1
    )
    return model.fit(
        x=x_train,
        y=y_train,
        epochs=epochs,
        batch_size=batch_size,
        validation_data=(x_val, y_val),
        callbacks=[callback],
        shuffle=True,
        verbose=2,
    )


class _KeepTheBest(keras.callbacks.Callback):
    def __init__(self, patience):
        super().__init__()
        self.patience, self.best, self.waited = patience, np.inf, 0

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best:
            self.best, self.waited = logs["val_loss"], 0
            self.weights = self.model.get_weights()
        else:
            self.waited += 1
            self.model.stop_training = self.waited >= self.patience

    def on_train_end(self, logs=None):
        self.model.set_weights(self.weights)


@variant("3.4")
def own_callback(model, x_train, y_train, x_val, y_val, epochs=10, batch_size=128, patience=3):
    settings = {"validation_data": (x_val, y_val), "callbacks": [_KeepTheBest(patience)], "verbose": 0}
    return model.fit(x_train, y_train, batch_size, epochs, **settings)


@variant("3.4")
def epoch_by_epoch(model, x_train, y_train, x_val, y_val, epochs=10, batch_size=128, patience=3):
    best, kept, since, total = np.inf, model.get_weights(), 0, None
    for epoch in range(epochs):
        history = model.fit(
            x_train,
            y_train,
            batch_size=batch_size,
            initial_epoch=epoch,
            epochs=epoch + 1,
            validation_data=(x_val, y_val),
            verbose=0,
        )
        if total is None:
            total = history
            told = {name: list(values) for name, values in history.history.items()}
        else:
            for name, values in history.history.items():
                told[name] += values
        since += 1
        if told["val_loss"][-1] < best:
            best, kept, since = told["val_loss"][-1], model.get_weights(), 0
        if since >= patience:
            break
    model.set_weights(kept)
    total.history, total.epoch = told, list(range(epoch + 1))
    return total


# --- 3.5 ------------------------------------------------------------------------------------------------------


@variant("3.5")
def with_history(widths, x_train, y_train, x_val, y_val, epochs, seed):
    result = {}
    for width in widths:
        keras.utils.set_random_seed(seed)
        model = keras.Sequential(
            [
                keras.Input((28, 28)),
                keras.layers.Flatten(),
                keras.layers.Dense(width, activation="relu"),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
        model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(
            x_train, y_train, epochs=epochs, batch_size=64, validation_data=(x_val, y_val), verbose=0
        )
        result[width] = history.history["val_accuracy"][-1]
    return result


@variant("3.5")
def comprehension(widths, x_train, y_train, x_val, y_val, epochs, seed):
    return {width: _one_width(width, x_train, y_train, x_val, y_val, epochs, seed) for width in widths}


def _one_width(width, x_train, y_train, x_val, y_val, epochs, seed):
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((28, 28))
    hidden = keras.layers.Dense(width, activation="relu")(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, keras.layers.Dense(10)(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss)
    model.fit(x_train, y_train, epochs=epochs, batch_size=100, verbose=0)
    return np.mean(model.predict(x_val, verbose=0).argmax(axis=1) == y_val)


@variant("3.5")
def seeded_layers(widths, x_train, y_train, x_val, y_val, epochs, seed):
    accuracies = []
    for width in widths:
        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        first, second = keras.initializers.HeNormal(seed), keras.initializers.GlorotUniform(seed)
        model = keras.Sequential([keras.Input((28, 28)), keras.layers.Reshape((-1,))])
        model.add(keras.layers.Dense(width, "relu", kernel_initializer=first))
        model.add(keras.layers.Dense(10, "softmax", kernel_initializer=second))
        model.compile(
            keras.optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        model.fit(x_train, y_train, epochs=epochs, batch_size=128, verbose=0)
        accuracies.append(model.evaluate(x_val, y_val, verbose=0, return_dict=True)["accuracy"])
    return dict(zip(widths, accuracies, strict=True))


# --- 3.6 ------------------------------------------------------------------------------------------------------


@variant("3.6")
def call_the_model(model, x):
    return keras.ops.convert_to_numpy(model(x, training=False)).argmax(axis=-1).astype(np.int64)


@variant("3.6")
def sort_the_outputs(model, x):
    return np.argsort(model.predict_on_batch(x), axis=1)[:, -1].astype(np.int64)


@variant("3.6")
def one_by_one(model, x):
    outputs = model.predict(x, batch_size=7, verbose=0)
    return np.array([max(range(len(row)), key=lambda k: row[k]) for row in outputs], dtype=np.int64)


@variant("3.6")
def with_tensorflow(model, x):
    import tensorflow as tf

    return tf.argmax(model(tf.convert_to_tensor(x)), axis=1, output_type=tf.int64)


# --- 3.7 ------------------------------------------------------------------------------------------------------


@variant("3.7")
def two_softmax_units(num_features):
    model = keras.Sequential(
        [
            keras.Input((num_features,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(
        loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.RMSprop(0.01), metrics=["accuracy"]
    )
    return model


@variant("3.7")
def one_logit(num_features):
    model = keras.Sequential([keras.layers.Dense(50, activation="tanh", input_shape=(num_features,))])
    model.add(keras.layers.Dense(50, activation="tanh"))
    model.add(keras.layers.Dense(1))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(loss=loss, optimizer=keras.optimizers.Adam(0.01), metrics=["accuracy"])
    return model


@variant("3.7")
def two_logits(num_features):
    layers = [keras.Input((num_features,)), keras.layers.Dense(40), keras.layers.LeakyReLU()]
    layers += [keras.layers.Dense(40), keras.layers.LeakyReLU(), keras.layers.Dense(2)]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(loss=loss, optimizer=keras.optimizers.SGD(0.1, momentum=0.9))
    return model


# --- 3.8 ------------------------------------------------------------------------------------------------------


def _stack(widths, block, head):
    layers = [keras.Input((28, 28)), keras.layers.Flatten()]
    for width in widths:
        layers += block(width)
    return keras.Sequential([*layers, head])


@variant("3.8")
def with_batch_normalisation(budget):
    def block(width):
        dense = keras.layers.Dense(width, use_bias=False)
        return [dense, keras.layers.BatchNormalization(), keras.layers.ReLU(), keras.layers.Dropout(0.2)]

    for width in (400, 200, 100, 50, 25, 12):
        model = _stack((width, width), block, keras.layers.Dense(10, activation="softmax"))
        epochs = int(budget // training_cost(model, 1))
        if epochs >= 8 or width == 12:
            break
    steps = max(1, epochs) * 60_000 // 125
    rate = keras.optimizers.schedules.PolynomialDecay(0.003, steps, 1e-5)
    model.compile(keras.optimizers.Nadam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, 125, epochs


@variant("3.8")
def narrow_and_long(budget):
    def block(width):
        return [keras.layers.Dense(width, kernel_initializer="he_normal"), keras.layers.ELU()]

    width = 256 if budget > 3e11 else 60 if budget > 5e10 else 16
    model = _stack((width, width // 2), block, keras.layers.Dense(10))
    epochs = int(budget / training_cost(model, 1))
    rate = keras.optimizers.schedules.CosineDecay(0.0015, epochs * 469)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=0.01), loss, metrics=["accuracy"])
    return model, 128, epochs


@variant("3.8")
def as_a_list(budget):
    def block(width):
        return [keras.layers.Dense(width, activation="relu"), keras.layers.Dropout(0.15)]

    epochs = 11
    most = budget / (3 * 60_000 * epochs)
    width = max(4, int((-794 + (794**2 + 4 * most) ** 0.5) / 2))  # 784 w + w² + 10 w <= most
    while width > 4 and 784 * width + width * width + 10 * width > most:
        width -= 1
    model = _stack((width, width), block, keras.layers.Dense(10, activation="softmax"))
    steps = epochs * 235
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps - 235, warmup_target=0.003, warmup_steps=235)
    model.compile(keras.optimizers.Adam(rate), keras.losses.SparseCategoricalCrossentropy())
    return [model, np.int64(256), np.int64(epochs)]
