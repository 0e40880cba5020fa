# labkit: lab02_model

# %% [markdown]
# # Lab 02: a model
# One question with Keras.

# %%
import keras

# %% [markdown]
# ## 2.1 A network


# %%
def build_model() -> keras.Model:
    """Softmax regression from 4 inputs to 3 classes, compiled with SGD and crossentropy of integer labels."""
    # BEGIN SOLUTION
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    return model
    # END SOLUTION


# %%
def train(model: keras.Model, x, y) -> keras.Model:
    """The model after training on x (n, 4), y (n,)."""
    # BEGIN SOLUTION
    model.optimizer.learning_rate = 0.5
    model.fit(x, y, epochs=30, verbose=0)
    return model
    # END SOLUTION
