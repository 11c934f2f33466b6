"""MLflow's requests as a machine with a journal answers them: written down, asked of the server, or told from what is here.

    way, reach      the way to the server, and whether somebody answers at its end
    desk            what all calls share
    request         one request, as the two clients of this package bring it: MLflow's own, by the plugin; HTTP, by the relay
    runs, experiments, models   by MLflow's names of the requests
    places          artifacts
    search          among what is known here

Documents are those of MLflow's REST API; errors are Runyard's. The clients turn both into what they speak.
"""
