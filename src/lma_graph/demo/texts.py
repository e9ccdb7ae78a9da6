"""The sentences of demo data: subjects, messages, notes, reasons. `{first}` and `{company}` stand for the lead's."""

MAIL_OUT = (
    (
        "Introducing ourselves to {company}",
        (
            "Hello {first}, we help teams like yours spend less time on follow-ups. Would a short call next "
            "week suit you?"
        ),
    ),
    (
        "Your question about pricing",
        (
            "Hello {first}, please find our price list attached. Volume discounts start at 25 seats; I am "
            "happy to go through it with you."
        ),
    ),
    (
        "Following up on our call",
        (
            "Hello {first}, thank you for your time today. As promised, here are the two case studies and a "
            "summary of what we agreed."
        ),
    ),
    (
        "Proposal for {company}",
        (
            "Hello {first}, our proposal is attached. It covers the pilot, the roll-out in two stages and "
            "training for your team."
        ),
    ),
    (
        "A date for the demonstration",
        (
            "Hello {first}, would Tuesday at 10:00 or Thursday at 15:00 work for a demonstration? Forty "
            "minutes are enough."
        ),
    ),
    (
        "Answers to your security questions",
        (
            "Hello {first}, our answers to the questionnaire are attached. The data stays in the region you "
            "choose and is encrypted at rest."
        ),
    ),
    (
        "Next steps with {company}",
        (
            "Hello {first}, from our side everything is ready for the pilot. We need one contact in your IT "
            "department and a start date."
        ),
    ),
    (
        "Still interested?",
        (
            "Hello {first}, I have not heard from you for a while. Is the topic still on your list, or "
            "should I come back next quarter?"
        ),
    ),
)
MAIL_IN = (
    ("Re: Your question about pricing", "Thanks, that helps. What would the price be for three sites?"),
    ("Re: Proposal for {company}", "We have read the proposal and would like to change the order of the two stages."),
    ("Question about the interface", "Can your system take our orders over an interface, or only as files?"),
    ("Re: A date for the demonstration", "Thursday suits us. Two colleagues from purchasing will join."),
    ("Please send us an offer", "We are comparing three suppliers and need an offer by the end of the month."),
    ("Re: Next steps with {company}", "The start date is fine. Our administrator will be in touch."),
    ("Re: Still interested?", "Yes, but our budget is decided in two months. Please write again then."),
)  # fmt: skip
CALLS = (
    ("First call with {first}", "Spoke about their present process. They keep leads in spreadsheets and lose track."),
    (
        "Call about the requirements",
        "Needs approval steps and an export for finance. Decision lies with the director.",
    ),
    ("Call about the price", "The price is within their budget if training is included."),
    ("Short call", "Asked to be called back next week."),
    ("Call about the contract", "Legal has two questions about the notice period; otherwise agreed."),
    ("Call about the pilot", "The pilot runs well; twelve people use it every day."),
)
MEETINGS = (
    ("Demonstration for {company}", "Showed the timeline, scoring and campaigns. Much interest in the automation."),
    ("Kick-off with {company}", "Agreed on goals, participants and a weekly call."),
    ("Workshop on requirements", "Collected twenty requirements, five of them essential."),
    ("Review of the proposal", "Went through the proposal page by page; small changes are wanted."),
    ("Visit at {company}", "Met the team on site and saw the production."),
)
MESSAGES = (
    ("Short message", "Thank you for connecting, {first}. May I send you our case study?"),
    ("Reminder", "See you tomorrow at 10:00, {first}."),
    ("Quick question", "Is this still the right number for questions about the order?"),
    ("Thank you", "Thanks for the quick answer, that settles it."),
)
TASKS = ("Send the contract", "Prepare the offer", "Look up the company in the register", "Ask for a reference",
         "Check the credit rating", "Update the contact's details")  # fmt: skip
PLANNED = ("Call back", "Follow up on the proposal", "Demonstration", "Ask for a decision", "Quarterly check-in",
           "Send the renewal offer")  # fmt: skip
FORMS = (("Contact form", "/contact"), ("Request a demonstration", "/demo"), ("Download: buyer's guide", "/guide"),
         ("Newsletter", "/newsletter"), ("Trial registration", "/trial"))  # fmt: skip
WISHES = ("Please call me back about your product.", "We are about 40 people and look for a simple solution.",
          "I would like to see a demonstration.", "Do you offer a discount for charities?",
          "How long does the introduction take?", "Can we keep our existing numbers?")  # fmt: skip
PAGES = ("/", "/pricing", "/product", "/customers", "/integrations", "/blog/getting-started", "/security", "/jobs")

NOTES = (
    ("GENERAL", "Prefers to be called in the morning."),
    ("GENERAL", "Decides together with the head of finance; always copy both."),
    ("GENERAL", "Came to us on the recommendation of a customer in the same town."),
    ("GENERAL", "Works part-time, in the office on Mondays and Wednesdays only."),
    ("RESEARCH", "{company} opened a second site last year and is hiring in sales."),
    ("RESEARCH", "{company} uses a competitor's product; the contract ends in spring."),
    ("RESEARCH", "According to the annual report the number of employees grew by a tenth."),
    ("MEETING", "Showed most interest in reports. The price was not a topic."),
    ("MEETING", "Three people took part; the administrator was sceptical about the migration."),
    ("MEETING", "They want a pilot with ten users before they decide."),
    ("CALL", "Budget is approved; the purchase order follows next week."),
    ("CALL", "Needs an offer in writing that names the notice period."),
)
PRIVATE_NOTES = (
    "Sounded unhappy with the last delivery; handle with care.",
    "Is looking for a new position, according to a colleague.",
    "Would accept a discount of ten percent; do not offer it first.",
)
LEAD_NOTES = ("Asked for material in print.", "Met at the fair, stand 4.", "Speaks English and French.",
              "Existing contract with a competitor until next summer.")  # fmt: skip
FILES = (("requirements.pdf", "application/pdf", 248_113), ("offer.pdf", "application/pdf", 91_840),
         ("floor-plan.png", "image/png", 1_204_551),
         ("price-list.csv", "text/csv", 18_207))  # fmt: skip

LOST = ("Chose a competitor", "No budget", "No answer after several attempts", "Project postponed", "Too expensive")
UNQUALIFIED = ("Too small", "Outside the market we serve", "Student project", "Wrong contact", "No need")
HAND_OVER = ("Territory changed", "Workload", "Speaks the language", "On leave", "Asked for by the lead")
ADJUSTMENTS = (("Met in person, very interested", 15), ("Recommended by a customer", 10), ("Asked for an offer", 10),
               ("Budget is cut", -10), ("Contact has little influence", -5))  # fmt: skip
RUN_ERRORS = (
    "The enrichment service answered 429: too many requests.",
    "Timed out after 30 s while waiting for the webhook.",
    "Node “Look up company”: no company has this domain.",
    "Node “HTTP Request”: 503 Service Unavailable.",
)
