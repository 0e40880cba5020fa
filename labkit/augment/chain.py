"""Several augmentations in a row."""

import keras


@keras.saving.register_keras_serializable("labkit")
class Chain(keras.layers.Layer):
    """Augmentation layers one after the other; a `keras.Sequential` would turn integers into floats.

    Parameters
    ----------
    layers : list of keras.layers.Layer
    """

    def __init__(self, layers, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.layers = list(layers)
        self.supports_jit = False

    def call(self, images, training=False):
        for layer in self.layers:
            images = layer(images, training=training)
        return images

    def compute_output_spec(self, images, training=False):
        return keras.KerasTensor(images.shape, images.dtype)

    def get_config(self):
        layers = [keras.saving.serialize_keras_object(layer) for layer in self.layers]
        return {**super().get_config(), "layers": layers}

    @classmethod
    def from_config(cls, config):
        layers = [keras.saving.deserialize_keras_object(layer) for layer in config.pop("layers")]
        return cls(layers, **config)
