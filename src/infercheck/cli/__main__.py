"""``python -m infercheck.cli``"""

from infercheck.cli import main

if __name__ == "__main__":
    main()
