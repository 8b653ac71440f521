"""Splits a stage that builds and ships into two: one that builds, one that takes no more than what runs.

`split.py` asks the languages' modules in turn; each reads the stage (`reading.py`) and says what its build makes (`Build`), or why
that cannot be told (`Refusal`). `carry.py` works out what goes along, from what the container runs (`launched.py`), the steps
(`steps.py`), the source's data (`data.py`) and what the image to run in lacks (`final.py`); `render.py` writes the two stages. What
images and packages are like is in `runtimes.toml`.
"""
