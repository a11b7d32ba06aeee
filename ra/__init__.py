"""The registration authority: who a person is, and how a vetted person comes to a credential."""
