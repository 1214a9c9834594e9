"""Importing tabular files: read, map, check every row, keep the good ones, report the others.

    reading   bytes -> table (CSV or XLSX, compressed or not; encoding and delimiter recognised)
    maps      a small TOML file: which column fills which field, and what its values mean
    records   table + map -> records, several lines being one record where the map says so
    cells     fields and what a cell of each may hold
    resources django-import-export resources of one vendor, without a query per row
    loading   all of it in one transaction, ending in a report
    kinds     what can be imported; the apps register their resources

The kernel knows no partners and no deals: the apps above bring their resources.
"""
