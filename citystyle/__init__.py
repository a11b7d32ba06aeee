"""The look and the manners of our pages: GOV.UK Frontend without its brand, languages, security headers, error pages.

A library of its own: it imports nothing of ours, and both the authorization pages and the portal wear it.
"""
