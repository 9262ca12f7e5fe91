"""The napari face: readers, writers, layers and panels. No analysis happens here.

It is loaded by napari through the manifest, or by :func:`napari_mousegpt.show` and
:func:`napari_mousegpt.start`.
"""
