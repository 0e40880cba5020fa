"""Updates of all weights at once, by the formulas and with the state of Keras' optimizers."""

from __future__ import annotations

import math

import keras
import numpy as np

from labkit.training.by_hand.flat import Flat


class _Optimizer:
    """Updates a vector of weights by a vector of gradients, with the settings and the state of Keras' optimizer."""

    slots: tuple[str, ...] = ()  # names of Keras' lists of variables, one for each weight
    settings: tuple[str, ...] = ()  # names of numbers that are taken as they are now

    def __init__(self, optimizer, weights):
        self._keras = optimizer
        self._set = {name: np.float32(getattr(optimizer, name)) for name in self.settings}
        self._state = [
            Flat([variables[optimizer._get_variable_index(weight)] for weight in weights])
            for variables in (getattr(optimizer, name) for name in self.slots)
            if variables
        ]

    def read(self):
        """Take rate and state from Keras: a callback may have changed them."""
        for flat in self._state:
            flat.read()
        self._rate = np.float32(self._keras.learning_rate.value.numpy())
        self._iterations = int(self._keras.iterations.value.numpy())

    def write(self, steps):
        for flat in self._state:
            flat.write()
        self._keras.iterations.assign_add(steps)


class _SGD(_Optimizer):
    slots = ("momentums",)
    settings = ("momentum",)

    def __init__(self, optimizer, weights):
        super().__init__(optimizer, weights)
        self.nesterov = optimizer.nesterov

    def update(self, weights, gradients):
        step = gradients * -self._rate
        if self._state:
            momentums = self._state[0].values
            momentum = self._set["momentum"]
            momentums *= momentum
            momentums += step
            step = step + momentum * momentums if self.nesterov else momentums
        weights += step


class _RMSprop(_Optimizer):
    slots = ("_velocities", "_momentums")
    settings = ("rho", "momentum", "epsilon")

    def update(self, weights, gradients):
        velocities, *momentum = (flat.values for flat in self._state)
        rho = self._set["rho"]
        velocities *= rho
        velocities += (1 - rho) * np.square(gradients)
        step = self._rate * gradients
        step /= np.sqrt(velocities + self._set["epsilon"])
        for momentums in momentum:
            momentums *= self._set["momentum"]
            momentums += step
            step = momentums
        weights -= step


class _Adam(_Optimizer):
    slots = ("_momentums", "_velocities")
    settings = ("epsilon",)

    def __init__(self, optimizer, weights):
        super().__init__(optimizer, weights)
        self.betas = optimizer.beta_1, optimizer.beta_2  # whose powers need more digits

    def update(self, weights, gradients):
        momentums, velocities = (flat.values for flat in self._state)
        beta_1, beta_2 = self.betas
        self._iterations += 1
        rate = self._rate * math.sqrt(1 - beta_2**self._iterations) / (1 - beta_1**self._iterations)
        momentums += np.float32(1 - beta_1) * (gradients - momentums)
        velocities += np.float32(1 - beta_2) * (np.square(gradients) - velocities)
        weights -= np.float32(rate) * momentums / (np.sqrt(velocities) + self._set["epsilon"])


OPTIMIZERS = {keras.optimizers.SGD: _SGD, keras.optimizers.RMSprop: _RMSprop, keras.optimizers.Adam: _Adam}
