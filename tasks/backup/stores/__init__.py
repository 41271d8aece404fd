"""Where packs lie: four verbs (create new, read range, list, stat) and nothing that destroys."""
