"""What `import modelyard` offers: thin faces over the rooms below, imported when they are used."""
