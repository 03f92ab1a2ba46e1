// Package program is what the programs of this folder share: their settings, a browser, and how they say what came of a step.
package program

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
)

var (
	Issuer                = os.Getenv("ISSUER")
	ClientID              = os.Getenv("CLIENT_ID")
	ClientSecret          = os.Getenv("CLIENT_SECRET")
	RedirectURI           = os.Getenv("REDIRECT_URI")
	PostLogoutRedirectURI = os.Getenv("POST_LOGOUT_REDIRECT_URI")
	Scopes                = strings.Fields(os.Getenv("SCOPE"))
	APIIdentifier         = os.Getenv("API_IDENTIFIER")
	APISecret             = os.Getenv("API_SECRET")
)

// Page is where the browser is in the end, and what it shows there.
type Page struct {
	URL  string `json:"url"`
	Body string `json:"body"`
}

var answers = bufio.NewReader(os.Stdin)

func say(line map[string]string) []byte {
	text, err := json.Marshal(line)
	Must(err)
	fmt.Println(string(text))
	answer, err := answers.ReadBytes('\n')
	Must(err)
	return answer
}

// Tell says what came of a step, and waits until it is checked, as the next step may end what this one made.
func Tell(step, what string) {
	say(map[string]string{"step": step, "what": what})
}

// Visit lets somebody go to a URL with a browser.
func Visit(url string) (page Page) {
	Must(json.Unmarshal(say(map[string]string{"visit": url}), &page))
	return page
}

// Must ends the program if there is an error.
func Must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
