"""MLflow's search language, for whoever searches: the store by SQL, a client in its memory.

tokens, grammar, tables   text -> tree (tree.py); one declarative table per noun
regex, like               patterns in plain Python
evaluate                  tree -> which records in memory, in which order
limits                    the rules for the rest of a request
"""
