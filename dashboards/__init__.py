"""Streamlit: protocols compared and transcripts read; one page a file in `pages`."""
