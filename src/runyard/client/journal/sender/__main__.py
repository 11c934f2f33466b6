"""`python -m runyard.client.journal.sender FOLDER`."""

from runyard.client.journal.sender.main import main

main()
