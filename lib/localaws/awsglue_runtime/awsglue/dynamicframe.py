"""DynamicFrames: imported by Glue's boilerplate, refused when used."""

from awsglue._unsupported import refusing

DynamicFrame = refusing(__name__, "DynamicFrame")
DynamicFrameCollection = refusing(__name__, "DynamicFrameCollection")
