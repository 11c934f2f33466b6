"""Search: a tree of MLflow's filter language (`runyard.entities.search`) compiled to SQL, paged by keyset.

    compile_*, walk_runs      tree -> statements; for each noun a `search_<noun>(connection, search) -> Found`
    cursor                    page tokens

A search is plain synchronous code on one connection, several statements in one snapshot, so it runs inside
`database.read`; that sets the time limit and cancels the statement in progress.
"""
