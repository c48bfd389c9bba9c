//! What the school wrote to people: fifteen mails, oldest first.

/// A mail.
pub(super) struct Letter {
    /// Of the campaign.
    pub name: &'static str,
    pub subject: &'static str,
    pub preheader: &'static str,
    pub heading: &'static str,
    pub text: &'static str,
    /// Words to click on, and pages of the school's site.
    pub links: &'static [(&'static str, &'static str)],
}

/// The mail as HTML.
pub(super) fn html(letter: &Letter) -> String {
    let mut links = String::new();
    for (words, page) in letter.links {
        links.push_str("    <p><a href=\"https://www.example.com/");
        links.push_str(page);
        links.push_str("\">");
        links.push_str(words);
        links.push_str("</a></p>\n");
    }
    let Letter { subject, heading, text, .. } = letter;
    format!(
        "<!DOCTYPE html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n    <title>{subject}</title>\n  </head>\n  \
         <body>\n    [[trackingImage]]\n    <h1>{heading}</h1>\n    <p>Hello [[FIRSTNAME OR \"cook\"]],</p>\n    \
         <p>{text}</p>\n{links}    <p>Harbour Kitchen, cooking school and shop</p>\n  </body>\n</html>\n"
    )
}

pub(super) const LETTERS: &[Letter] = &[
    Letter {
        name: "First soups of the season",
        subject: "Three soups for cold evenings",
        preheader: "One of them takes twenty minutes.",
        heading: "Soup weather",
        text: "We cooked pumpkin, lentil and fish soup in the last course, and everybody asked for the recipes. \
               Here they are, with what to buy for them.",
        links: &[("The recipes", "recipes/soups"), ("The next soup course", "courses/soups")],
    },
    Letter {
        name: "Knife skills course",
        subject: "Learn to chop without tears",
        preheader: "Twelve places on a Saturday morning.",
        heading: "Knife skills, from the beginning",
        text: "Bring your own knife or borrow one of ours. After three hours you can sharpen it, hold it and \
               trust it.",
        links: &[("Book a place", "courses/knives"), ("Knives in the shop", "shop/knives"), ("Gift vouchers", "gifts")],
    },
    Letter {
        name: "Spring letter",
        subject: "What is new at the harbour this spring",
        preheader: "New courses, new opening hours, and a new oven.",
        heading: "Spring at the Harbour Kitchen",
        text: "The big oven is finally here. We open an hour earlier on Fridays, and the bread courses are back.",
        links: &[("All courses", "courses"), ("Opening hours", "visit")],
    },
    Letter {
        name: "Wine evening with fish",
        subject: "A glass of white with that?",
        preheader: "Six wines, four courses, one long table.",
        heading: "Wine and fish",
        text: "Our fishmonger cooks, and a grower pours. There is one long table, so nobody eats alone.",
        links: &[("See the menu", "evenings/fish"), ("Save a seat", "evenings/fish/book")],
    },
    Letter {
        name: "Summer holiday courses for children",
        subject: "A week of cooking for your children",
        preheader: "From eight to fourteen years, mornings only.",
        heading: "Young cooks in summer",
        text: "They bake, they fry, they wash up. On the last day they cook lunch for you.",
        links: &[("Weeks and prices", "courses/children"), ("What to bring", "courses/children/bring")],
    },
    Letter {
        name: "Shop news: enamel pots",
        subject: "Pots that outlive their owners",
        preheader: "Fifty of them came in this morning.",
        heading: "Enamel is back",
        text: "Light, cheap and easy to clean. We have four sizes in blue and in white.",
        links: &[("Look at the pots", "shop/pots"), ("Come and see them", "visit")],
    },
    Letter {
        name: "Tomato week",
        subject: "Forty kilos of tomatoes",
        preheader: "Help us to turn them into sauce.",
        heading: "Tomato week",
        text: "We cook sauce for the winter, and you take home as many jars as you fill.",
        links: &[("Join in", "courses/tomatoes"), ("Our sauce, written down", "recipes/tomato-sauce")],
    },
    Letter {
        name: "Old price list",
        subject: "Prices of the autumn",
        preheader: "Never sent.",
        heading: "Prices of the autumn",
        text: "This list was wrong, and we took it back before anybody saw it.",
        links: &[("Prices", "prices")],
    },
    Letter {
        name: "Autumn letter",
        subject: "Mushrooms, pears and a new teacher",
        preheader: "Meet her on Thursday.",
        heading: "Autumn at the Harbour Kitchen",
        text: "She has cooked in three countries and teaches what her grandmother taught her. The first evening \
               is free.",
        links: &[("The new teacher", "people"), ("All courses", "courses"), ("Mushroom walk", "courses/mushrooms")],
    },
    Letter {
        name: "Voucher season",
        subject: "Give somebody a course",
        preheader: "A voucher weighs nothing and keeps for three years.",
        heading: "Vouchers",
        text: "Choose an amount or a course. We send the voucher by post or, if it is late, by e-mail.",
        links: &[("Buy a voucher", "gifts"), ("How vouchers work", "gifts/help")],
    },
    Letter {
        name: "Pasta by hand",
        subject: "Flour, eggs, an evening",
        preheader: "Four sorts of pasta without a machine.",
        heading: "Pasta by hand",
        text: "You need two hands and a table. We have the table, and a sauce that waits for you.",
        links: &[("Book the evening", "courses/pasta"), ("The dough recipe", "recipes/pasta")],
    },
    Letter {
        name: "Questions to our guests",
        subject: "What shall we cook next?",
        preheader: "Three questions, one minute.",
        heading: "You choose",
        text: "Tell us what you would like to learn. One of all who answer wins a place in a course.",
        links: &[("Answer three questions", "survey"), ("What others wished for", "survey/wishes")],
    },
    Letter {
        name: "This week's letter",
        subject: "Four places left in the bread course",
        preheader: "And a recipe for the rest of the loaf.",
        heading: "Bread, and what to do with it",
        text: "Somebody called in sick, so there are four places again. If you only have old bread: there is a \
               recipe below.",
        links: &[("Take a place", "courses/bread"), ("Bread soup", "recipes/bread-soup"), ("All courses", "courses")],
    },
    Letter {
        name: "Cheese evening",
        subject: "Cheese evening",
        preheader: "",
        heading: "Cheese evening",
        text: "Draft: ask the dairy for a date first.",
        links: &[("Cheese evening", "evenings/cheese")],
    },
    Letter {
        name: "Next week's letter",
        subject: "Early peas, late evenings",
        preheader: "Courses that start after eight.",
        heading: "Late courses",
        text: "Many of you come straight from work. From next week on, two courses start at half past eight.",
        links: &[("Late courses", "courses/late"), ("Recipes with peas", "recipes/peas")],
    },
];
