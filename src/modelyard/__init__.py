"""Modelyard: put machine learning on tables into production, and keep it there."""
