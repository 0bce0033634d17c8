"""Writes cifar_protocol2.pkl and cifar_protocol4.pkl: a batch of two images as NumPy's and Python 3's own pickles.

Byte j of image i is (7 j + 100 i) mod 251, the labels are 1 and 0; the array of protocol 4 is in Fortran order. Run in this folder: python3 cifar_pickles.py
"""
import pickle

import numpy as np

rows = np.array([[(7 * j + 100 * i) % 251 for j in range(3072)] for i in range(2)], dtype=np.uint8)
for protocol, data in ((2, rows), (4, np.asfortranarray(rows))):
    batch = {"batch_label": "training batch 1 of 5", "labels": [1, 0], "data": data, "filenames": ["a.png", "b.png"]}
    with open(f"cifar_protocol{protocol}.pkl", "wb") as file:
        pickle.dump(batch, file, protocol=protocol)
