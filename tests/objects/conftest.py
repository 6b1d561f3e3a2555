from object_stores import azure_container, azurite, fake_gcs, seaweed

__all__ = ["azure_container", "azurite", "fake_gcs", "seaweed"]
