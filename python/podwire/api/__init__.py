"""The REST server: routes made from the catalog, HTTP in and out. It asks `commands` for everything it says."""
