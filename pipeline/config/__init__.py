"""What a configuration may say, how a file says it, and every way in which it can be wrong.

Text becomes nodes with line and column (`nodes`), variables are filled in (`variables`), and the fields of a settings
class decide what a node means (`shapes`, `convert`); `load` puts the whole together and `rules` judges it. Nothing is
imported here, so that a stage's settings cost no YAML parser.
"""
