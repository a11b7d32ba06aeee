"""A filing's way to its signatures and back: the use cases between pages, database, files and the signing service.

    leaving     draft → authorizing      pushed request; the address the browser goes to
    returning   authorizing → signing    the service's answer checked, the code exchanged
    collecting  signing → signed         documents sent, signed files verified and kept

What a retry may do: leaving twice gives the same address; the answer loaded twice is judged once; collecting may be asked
for at any time by anybody: a lease lets one of them work, and the service gives one signature for one authorised document
however often it is asked. Nothing that was uploaded is ever removed here.
"""
