"""The program that does a job on its machine: fetches its sources, makes its environment, runs it, reports.

It is copied to machines that have nothing of Runyard, so all below this folder needs Python 3.8's standard library only
and imports nothing from above it. Engines pack it into one file (engines/bundle.py), where it is called `runner`;
where Runyard is installed, `python -m runyard.runner` is the same.

    main        the command line          detaching    a process that outlives its caller
    asked       what engines ask          state_file   what they are told from
    work        from signals to exit code course       one attempt at a job
    exchange    HTTP                      reporting    begin, beat, end
    shipping    logs while they grow      outputs      files at the end
    snapshot    the sources               environments what the script needs
    launching   commands and variables    supervision  processes and their ends
    companions  other machines of a job   journals     what scripts logged and nobody has yet
"""
