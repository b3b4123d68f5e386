"""Small data folders of earlier versions. Later code opens each one and loses nothing."""
