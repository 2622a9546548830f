def test_home_opens(client, logged_in):
    answer = logged_in(client).get("/")
    assert answer.status_code == 200
