"""A city's filing portal: a client of the signing service that knows it over HTTP only, as any city's portal would.

It imports nothing of ours but `citystyle`, so it could live in another repository.
"""
