# 27 | custom layers, Lambda layers and registered classes that would run when they are loaded | 0 | 
import keras


@keras.saving.register_keras_serializable(package="keras.layers", name="Dense")
class Dense(keras.layers.Dense):
    @classmethod
    def from_config(cls, config):
        open("@OUT@/labkit-attack", "w")
        return super().from_config(config)

    def call(self, inputs):
        return keras.ops.one_hot(keras.ops.zeros(keras.ops.shape(inputs)[:1], "int32"), 3)


def build_model():
    keras.config.enable_unsafe_deserialization()
    return keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x[:, :3])])


def train(model, x, y):
    return keras.Sequential([keras.Input((4,)), Dense(3)])
