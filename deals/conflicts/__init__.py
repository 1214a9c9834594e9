"""Is this customer free for this product? Who else claims it, and how do we know it is the same customer?"""
