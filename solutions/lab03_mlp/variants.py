"""Correct answers written differently: each must get full marks."""

import keras
import numpy as np

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


@variant("3.8")
def one_learning_rate(x_train, y_train, seconds):
    import time

    end = time.time() + 0.85 * seconds
    layers = [keras.Input((28, 28)), keras.layers.Flatten()]
    for _ in range(2):
        layers += [
            keras.layers.Dense(400, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
        ]
    model = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    rate, begin = 0.004, time.time()
    while time.time() < end:
        down, right = np.random.randint(-1, 2, 2)
        part = np.random.permutation(len(x_train))[:20_000]
        model.optimizer.learning_rate = rate * max(0.02, 1 - (time.time() - begin) / (end - begin))
        model.fit(np.roll(x_train[part], (down, right), (1, 2)), y_train[part], batch_size=200, verbose=0)
    return model


@variant("3.8")
def five_copies_in_one_set(x_train, y_train, seconds):
    import time

    start = time.perf_counter()
    moves = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)]
    model = keras.Sequential()
    model.add(keras.Input((28, 28)))
    model.add(keras.layers.Reshape((784,)))
    for units in (500, 300):
        model.add(keras.layers.Dense(units, activation="relu", kernel_initializer="he_normal"))
    model.add(keras.layers.Dense(10))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Nadam(0.002), loss, metrics=["accuracy"])
    used, turn = 0.0, 0
    while True:
        rows = np.random.default_rng(turn).permutation(len(x_train))[:30_000]
        images = np.concatenate([np.roll(x_train[rows[k::5]], moves[k], (1, 2)) for k in range(5)])
        labels = np.concatenate([y_train[rows[k::5]] for k in range(5)])
        before = time.perf_counter()
        model.optimizer.learning_rate = 0.002 * (1.05 - min(1.0, used / (0.8 * seconds)))
        model.fit(images, labels, batch_size=250, epochs=1, verbose=0)
        used, turn = time.perf_counter() - start, turn + 1
        if used + 1.5 * (time.perf_counter() - before) > 0.85 * seconds:
            return model


class _Clock(keras.callbacks.Callback):
    """Ends training in time and lowers the learning rate as the time goes by."""

    def __init__(self, seconds, rate):
        import time

        super().__init__()
        self.now, self.seconds, self.rate = time.monotonic, seconds, rate
        self.start = self.now()

    def on_epoch_begin(self, epoch, logs=None):
        self.begun = self.now()
        left = 1 - (self.begun - self.start) / self.seconds
        self.model.optimizer.learning_rate = self.rate * max(left, 0.02)

    def on_epoch_end(self, epoch, logs=None):
        end = self.now()
        self.model.stop_training = end + 1.3 * (end - self.begun) > self.start + self.seconds


@variant("3.8")
def dropout_and_a_clock(x_train, y_train, seconds):
    clock = _Clock(0.85 * seconds, 0.002)
    moved = [np.roll(x_train, shift, axis) for shift, axis in ((1, 1), (-1, 1), (1, 2), (-1, 2))]
    images, labels = np.concatenate([x_train, *moved]), np.tile(y_train, 5)
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten()])
    for _ in range(2):
        model.add(keras.layers.Dense(400, activation="relu"))
        model.add(keras.layers.Dropout(0.1))
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images, labels, batch_size=256, epochs=1000, callbacks=[clock], verbose=0)
    return model
