"""What a lab needs on each platform: scripts that lie here as files, and the folders around them."""
