"""Splits a stage that builds and ships into two: one that builds, one that takes no more than what runs.

`split_stage.py` asks the languages' modules in turn; each reads the stage (`stage_reader.py`) and says what its build makes (`StageBuild`), or why
that cannot be told (`Refusal`). `copy_artifacts.py` works out what goes along, from what the container runs (`entry_products.py`), the steps
(`step_roles.py`), the source's data (`named_files.py`) and what the image to run in lacks (`final_stage.py`); `split_edits.py` writes the two stages. What
images and packages are like is in `runtimes.toml`.
"""
