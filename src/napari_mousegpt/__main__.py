"""``python -m napari_mousegpt`` is the command line."""

from napari_mousegpt.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
