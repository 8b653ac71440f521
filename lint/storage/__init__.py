"""What lies on disk: this installation, what is kept between runs, safe writing; and the errors that are told as a sentence."""
