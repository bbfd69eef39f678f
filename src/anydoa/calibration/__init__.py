"""What array files cannot know: refined microphone positions, and how a sound card's channels come today."""
