from portal.features import FeatureConfig


class EnablementConfig(FeatureConfig):
    name = "enablement"
    features = ("records",)
