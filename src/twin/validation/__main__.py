"""``python -m twin.validation [SUITE[:KEY=VALUE,...]]... > docs/VALIDATION.md``: the page of all validation."""

import sys

from twin.errors import TwinError
from twin.validation.document import document

if __name__ == "__main__":
    try:
        sys.stdout.write(document(sys.argv[1:]))
    except TwinError as error:
        sys.exit(str(error))
